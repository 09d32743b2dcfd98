"""The container engine: found, asked, and told to build.

finding.py   which engine answers: Docker by context or DOCKER_HOST, else Podman
local.py     what lies in the engine's store: look, pull, push
order.py     what is built
lending.py   what a build is lent and never keeps: a certificate, logins
buildx.py    builds by buildx; steps.py reads its progress
plain.py     builds by the endpoint of a Docker engine without buildx
podman.py    builds by Podman's endpoint
failure.py   why a build failed, in a few lines
"""
