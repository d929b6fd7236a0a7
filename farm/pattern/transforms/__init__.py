"""The transforms, one decorated function each; `farm.pattern.register` finds every module of this package."""
