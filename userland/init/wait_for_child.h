/// @file
/// How init spends its time: waiting for a child to end. Apart from the rest so that a chapter can replace
/// the way of waiting.
#pragma once

/// Waits until a child has ended and takes it out of the process table. Returns its pid and sets `status` as
/// wait4() reports it; a negative errno when there is no child to wait for.
long wait_for_child(int& status);
