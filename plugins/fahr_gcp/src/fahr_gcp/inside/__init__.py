"""What runs inside a job beside ``runtime.py``: standard library only, Python from 3.8 on."""
