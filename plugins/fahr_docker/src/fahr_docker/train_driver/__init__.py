"""The train driver ``docker``: jobs as containers on this machine's engine, or on another's.

driver.py      the hooks
settings.py    what a person can set
image.py       what the image is made from, and where it stays
planning.py    the exact container that a job asks for; asks nobody
checks.py      what is wrong before anything is built: engine, GPUs, memory, disk, inputs
staging.py     what is done before: earlier jobs come home, secrets are kept
sending.py     makes and starts the container, once; finds a submission whose answer was lost
jobs.py        how a job is, and stopping it
logs.py        what it printed
keeping.py     fetched jobs: output, log and state come home, the container goes
connection.py  which engine has a job
containers.py  all that is asked of an engine about containers
archive.py     files for a container, as a tar with their owner
runtime.py     what a job sees of all this, from inside
"""
