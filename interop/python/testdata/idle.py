"""idle.py URL: a connection that the server closes while it is idle is replaced unnoticed."""

import sys
import time

import requests

with requests.Session() as session:
    ports = [session.get(sys.argv[1]).text for _ in range(5)]
    time.sleep(0.5)
    ports.append(session.get(sys.argv[1]).text)
print(len(set(ports[:5])), len(set(ports)))
