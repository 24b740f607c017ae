# The agent in a container, for servers and for trying it out; on a colleague's machine, install it on the machine.
# Build from the top of the repository:
#   docker build --file deploy/docker/agent.Dockerfile --tag keuring/agent:0.1.0 .
FROM python:3.11.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/build && /opt/build/bin/pip install --quiet --require-hashes --requirement requirements.lock
COPY protos protos
COPY agent agent
COPY deploy/docker/runtime_lock.py deploy/docker/
RUN /opt/build/bin/python deploy/docker/runtime_lock.py agent > runtime.lock \
 && /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir wheels ./protos ./agent \
 && python -m venv /opt/keuring \
 && /opt/keuring/bin/pip install --quiet --require-hashes --requirement runtime.lock \
 && /opt/keuring/bin/pip install --quiet --no-deps wheels/*.whl

FROM python:3.11.11-slim-bookworm
RUN groupadd --gid 10001 keuring \
 && useradd --uid 10001 --gid keuring --home-dir /var/lib/keuring-agent --create-home --shell /usr/sbin/nologin keuring \
 && chmod 0711 /var/lib/keuring-agent
COPY --from=build /opt/keuring /opt/keuring
ENV PATH=/opt/keuring/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    KEURING_AGENT_STATE_DIRECTORY=/var/lib/keuring-agent
USER 10001:10001
WORKDIR /var/lib/keuring-agent
VOLUME /var/lib/keuring-agent
ENTRYPOINT ["keuring-agent"]
CMD ["run"]
