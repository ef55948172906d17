# Each target only calls make.py, which works the same without make: python make.py demo
PYTHON ?= python3

.PHONY: demo test check bench clean
demo test check bench clean:
	@$(PYTHON) make.py $@
