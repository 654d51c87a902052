# A thin front: run.py does the work, also where there is no make (Windows): python run.py course.
# Another Python: make PYTHON=python3.12 course.  Arguments: make test ARGS="-k shapes".
PYTHON ?= python3
ARGS ?=

.PHONY: course lab site slides pdf handout messages kit setup test test-all test-gpu test-oldest test-newest audit

course lab site slides pdf handout messages kit setup test test-all test-gpu test-oldest test-newest audit:
	@$(PYTHON) run.py $@ $(ARGS)
