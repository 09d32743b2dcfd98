"""The container engine: found, asked, and told to build.

finding.py   which engine answers: Docker by context or DOCKER_HOST, else Podman
local.py     what lies in the engine's store: look, pull, push
order.py     what is built
lending.py   what a build is lent and never keeps: a certificate, logins
buildx.py    builds by buildx; steps.py reads its progress
plain.py     builds by the engine's own endpoint, where there is no buildx
failure.py   why a build failed, in a few lines
"""
