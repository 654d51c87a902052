# A thin front: run.py does the work, also where there is no make (Windows): python run.py course.
# Another Python: make PYTHON=python3.12 course.  Arguments: make test ARGS="-k shapes".
PYTHON ?= python3
ARGS ?=

.PHONY: course test test-all test-gpu lab site slides pdf handout setup

course test test-all test-gpu lab site slides pdf handout setup:
	@$(PYTHON) run.py $@ $(ARGS)
