# The collector. Build from the top of the repository:
#   docker build --file deploy/docker/collector.Dockerfile --tag keuring/collector:0.1.0 .
FROM python:3.11.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.lock ./
# Everything that is locked, with the tools that build; only what the collector needs to run goes on to the next stage.
RUN python -m venv /opt/build && /opt/build/bin/pip install --quiet --require-hashes --requirement requirements.lock
COPY protos protos
COPY rules rules
COPY collector collector
COPY deploy/docker/runtime_lock.py deploy/docker/
RUN /opt/build/bin/python deploy/docker/runtime_lock.py collector > runtime.lock \
 && /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir wheels ./protos ./rules ./collector \
 && python -m venv /opt/keuring \
 && /opt/keuring/bin/pip install --quiet --require-hashes --requirement runtime.lock \
 && /opt/keuring/bin/pip install --quiet --no-deps wheels/*.whl

FROM python:3.11.11-slim-bookworm
RUN groupadd --gid 10001 keuring \
 && useradd --uid 10001 --gid keuring --home-dir /var/lib/keuring-collector --create-home --shell /usr/sbin/nologin keuring \
 && chmod 0700 /var/lib/keuring-collector
COPY --from=build /opt/keuring /opt/keuring
ENV PATH=/opt/keuring/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    KEURING_DATA_DIRECTORY=/var/lib/keuring-collector \
    KEURING_LISTEN_ADDRESS=0.0.0.0
USER 10001:10001
WORKDIR /var/lib/keuring-collector
VOLUME /var/lib/keuring-collector
# Reports, enrolment, console. /metrics listens on loopback inside the container alone.
EXPOSE 7443 7444 7480
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7490/metrics', timeout=8)"]
ENTRYPOINT ["keuring-collector"]
CMD ["serve"]
