# Runs a command on a terminal of LINES and COLUMNS, else 24 lines of 80; what is typed comes from stdin, what is shown goes
# to stdout.

import fcntl
import os
import pty
import select
import struct
import sys
import termios

size = int(os.environ.get("LINES", 24)), int(os.environ.get("COLUMNS", 80))
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
sources = [terminal, 0]
while terminal in sources:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 65536)
        except OSError:
            data = b""
        if not data:
            sources.remove(source)
        os.write(1 if source == terminal else terminal, data)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
