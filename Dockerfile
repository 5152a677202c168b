# One image: rocketmq-operator, rocketmq-nameserver and mqadmin. docs/image.md says how to build it.
ARG BASE=python:3.13.16-slim-trixie@sha256:bf44cdfcb76cd3b41e879bc058fc37ec5872002ccfde7fcb765e218cde0cd79c
# A base with the same Python at the same path, and venv with pip, where BASE itself has none.
ARG BUILD_BASE=${BASE}

FROM ${BUILD_BASE} AS build
# Without a network: wheels/ in the context holds every locked wheel, and PIP_NO_INDEX=1.
ARG PIP_NO_INDEX
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# The brackets make the directory optional; what is in it lands beside the locks.
COPY requirements-build.lock requirements-runtime.lock wheel[s] ./
RUN python3 -m venv tools \
 && python3 -m venv --without-pip /opt/rocketmq \
 && install="install --no-compile --find-links=. --only-binary=:all: --require-hashes" \
 && tools/bin/pip $install -r requirements-build.lock \
 && tools/bin/pip --python /opt/rocketmq $install -r requirements-runtime.lock
COPY LICENSE README.md pyproject.toml ./
COPY operator operator
RUN tools/bin/hatchling build --target wheel --directory dist \
 && tools/bin/pip --python /opt/rocketmq install --no-compile --no-deps --no-index dist/*.whl
# Bytecode of what the programs import, the standard library's too (slim images leave it out), in
# a tree of its own: all of it would take several times the space, none at least twice the time.
ENV PYTHONPYCACHEPREFIX=/opt/rocketmq/pycache PYTHONDONTWRITEBYTECODE=
RUN cd /opt/rocketmq/bin \
 && ./rocketmq-operator run --help && ./rocketmq-nameserver --help \
 && for each in clusterList consumerProgress getBrokerConfig getNamesrvConfig topicList updateKvConfig; \
    do ./mqadmin $each --help; done

FROM ${BASE}
COPY --from=build /opt/rocketmq /opt/rocketmq
# HOME: any UID may run this, and one without a passwd entry would get / or nothing.
ENV PATH=/opt/rocketmq/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPYCACHEPREFIX=/opt/rocketmq/pycache \
    PYTHONUNBUFFERED=1
USER 65532:65532
# Fails here, not in a cluster, if the two bases are not of the same Python.
RUN ["rocketmq-operator", "--version"]
CMD ["rocketmq-operator", "--help"]
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="rocketmq-operator" \
      org.opencontainers.image.description="NameServers for Apache RocketMQ on Kubernetes: an operator, a wire-compatible NameServer, and mqadmin." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
