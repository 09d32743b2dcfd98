"""The launcher: starts a training artifact inside a job and looks after it to the end.

Standard library only, any Python from 3.8 on, because it runs in other people's images. It
knows no service; what it must know of one it asks of the driver's `runtime.py`. It runs as
`python3 FOLDER [train]`, as `python3 launcher.zip`, and in-process by
`fahr_core.launcher.run.run(job, runtime)`.

    run.py          the order of a job: prepare, supervise, collect, record, deliver
    job.py          the job description
    runtime.py      (a driver's) what the service looks like from inside
    places.py       the folders, the nodes
    gpus.py         the GPUs, and why the job would use none
    start.py        which command starts the artifact, with which environment
    parameters.py   which parameters an artifact takes; arguments.py, constants.py, cells.py
    supervise.py    the child, its process group, signals and time limit
    log.py          its output, line by line
    failure.py      why it failed, in one line
    collect.py      what it left behind
    record.py       fahr-job.json
"""
