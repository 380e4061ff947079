"""Long work at a terminal: a progress bar is seen, silent in a pipe, and Ctrl-C keeps what there is."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

MODEL = """
circuit Ring { node a, b
  C1: Capacitor(a, ground, C = 1[nF])
  C2: Capacitor(b, ground, C = 1[nF])
  L1: Inductor(a, b, L = 1[nH])
  R1: Resistor(a, ground, R = 1[Mohm]) }
experiment forever on Ring { initial a.v = 1[V]
  run to 1[s]
  save every 1[us]: a.v }
"""
PROGRAM = """
import sys, mcompiler as mc
solver = mc.compile(mc.load(sys.argv[1]))
solver.run((0.0, 1e-9), save_at=[0.0])
print("ready", flush=True)
run = solver.run()
print("kept", len(run.t) > 1, run.status.name, run.success, flush=True)
"""


def test_interrupt_keeps_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "ring.mem").write_text(MODEL)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "ring.mem")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "kept True INTERRUPTED False\n"
        assert process.stderr.read() == ""  # silent in a pipe


def test_a_terminal_sees_progress(tmp_path: Path) -> None:
    (tmp_path / "ring.mem").write_text(MODEL)
    master, slave = pty.openpty()
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "ring.mem")]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        seen = b""
        until = time.monotonic() + 10
        while b"forever" not in seen and time.monotonic() < until:
            if select.select([master], [], [], 0.2)[0]:
                seen += os.read(master, 4096)
        process.send_signal(signal.SIGINT)
        assert "INTERRUPTED" in process.stdout.read()
    os.close(slave)
    os.close(master)
    assert b"forever" in seen
