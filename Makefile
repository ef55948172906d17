# Each target only calls make.py, which works the same without make: python make.py demo
PYTHON ?= python3

.PHONY: demo test check bench dist clean
demo test check bench dist clean:
	@$(PYTHON) make.py $@
