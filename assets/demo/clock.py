import sys, time
for line in sys.stdin:
    began = time.monotonic()
    for _ in range(308):
        time.time()
    print(f"308 questions took {(time.monotonic() - began) * 1e6:.0f} us", flush=True)
