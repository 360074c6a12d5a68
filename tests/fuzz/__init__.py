"""Broken and hostile inputs: mutated files, and fuzzing that is guided by what code an input reaches."""
