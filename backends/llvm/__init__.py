"""LLVM's text from kernels, and what its optimiser made of them. No numba here, and llvmlite only where something is compiled."""
