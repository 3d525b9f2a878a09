#!/bin/bash
# What doxygen takes for dot: graphs grow to the right, so that many files beside one another become a list.
exec dot -Grankdir=LR "$@"
