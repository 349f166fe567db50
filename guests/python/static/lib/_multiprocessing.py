"""What multiprocessing imports and CPython for WASI lacks. There are no processes to start, but
libraries import multiprocessing for classes that they may never use, boto3 among them."""
