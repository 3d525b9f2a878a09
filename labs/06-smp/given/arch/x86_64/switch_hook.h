/// @file
/// For switch.S: what it does for the scheduler once prev's stack and page tables are no longer in use. From
/// this instruction on another processor may go on with prev, or free it.
#pragma once
// This is assembly.
// clang-format off

/// In switch_context(), with prev in RDI: clears its Task::running.
#define PREV_HAS_STOPPED movl $0, OFFSETOF_Task_running(%rdi)
