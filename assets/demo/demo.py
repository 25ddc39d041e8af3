import os, socket, threading, time

print("reading a file")
with open("/etc/hostname") as f:
    print(" ", f.read().strip())

print("asking for a file that is not there")
try:
    open("/etc/no-such-file")
except OSError as error:
    print(" ", error)

print("starting a thread and a child")
thread = threading.Thread(target=time.sleep, args=(0.01,))
thread.start()
thread.join()
os.system("echo '  hello from a child'")

print("looking at the clock", time.time_ns() > 0)

print("asking for a network of its own")
try:
    os.unshare(os.CLONE_NEWNET)
except (AttributeError, OSError):
    import ctypes
    ctypes.CDLL(None).unshare(0x40000000)

print("binding a socket")
server = socket.create_server(("127.0.0.1", 0))
server.close()
print("done")
