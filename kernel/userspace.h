/// @file
/// Starting what the kernel is there for. Each chapter that brings programs nearer replaces userspace.cpp.
#pragma once

/// Prepares this processor for programs. Once, before the first task.
void init_task_entry();
/// Starts the first programs. On the boot task, IF=0.
void start_userspace();
