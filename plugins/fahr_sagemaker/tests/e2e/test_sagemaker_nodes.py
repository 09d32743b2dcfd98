"""A job on two machines: they find each other, and add up what each has."""

from __future__ import annotations

SUM = """
import os, socket, time
rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
place = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
mine = rank + 1
if rank == 0:
    with socket.create_server(("", place[1])) as server:
        server.settimeout(120)
        others = [server.accept()[0] for _ in range(world - 1)]
        total = mine + sum(int(other.recv(16)) for other in others)
        for other in others:
            other.sendall(str(total).encode())
else:
    until = time.time() + 120
    while True:
        try:
            first = socket.create_connection(place, 10)
            break
        except OSError:
            if time.time() > until:
                raise
            time.sleep(0.1)
    first.sendall(str(mine).encode())
    total = int(first.recv(16))
print("rank", rank, "of", world, "has the sum", total)
open("sum.txt", "w").write(str(total))
"""


def test_two_machines_add_up_what_each_has(fahr, aws):
    fahr.write("train.py", SUM)
    fahr.settings('launch = "python"')
    name, job = fahr.sent("train.py", "--nodes=2")
    assert job.reason == ""
    assert len(job.hosts) == 2
    printed = fahr.printed(name)
    assert [line for line in printed if "rank 0 of 2 has the sum 3" in line]
    assert [line for line in printed if "rank 1 of 2 has the sum 3" in line]
    files = fahr.fetched(name)
    assert files["sum.txt"].read_text() == "3"
    assert files["rank-1/sum.txt"].read_text() == "3"
