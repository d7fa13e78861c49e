# Berth in a container: `docker build -t berth .`, or with CUDA:
# docker build -t berth:cuda --build-arg ENGINE=cuda --build-arg BASE=nvidia/cuda:13.0.1-runtime-ubuntu24.04 .
ARG BUN_IMAGE=oven/bun:1.4.5-slim
# What the server runs on; needs glibc, and for CUDA the runtime libraries libcudart and libcublas.
ARG BASE=${BUN_IMAGE}

FROM ${BUN_IMAGE} AS bun

FROM bun AS build
ARG ENGINE=cpu
WORKDIR /app
COPY package.json bun.lock bunfig.toml ./
COPY src/setup src/setup
# Packages only, so that a change of the code does not install them again.
RUN BERTH_ENGINE=${ENGINE} bun --print 'await (await import("/app/src/setup/set-up.ts")).setUp({ development: false })'
COPY src src
COPY public public

FROM ${BASE}
COPY --from=bun /usr/local/bin/bun /usr/local/bin/bun
RUN (id berth || useradd --create-home --uid 1001 berth) && mkdir -p /data && chown berth /data
COPY --from=build --chown=root:root /app /app
WORKDIR /app
USER berth
# The container's own network is the border here; publish the port on 127.0.0.1 unless others may use it.
ENV API_HOST=0.0.0.0 API_PORT=8000 BERTH_HOME=/data NODE_ENV=production
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
  CMD ["bun", "--print", "const r = await fetch(`http://127.0.0.1:${process.env.API_PORT}/health`); if (!r.ok) process.exit(1); r.status"]
# Without a launcher in between, so that SIGTERM reaches the server.
CMD ["bun", "src/main.ts", "serve"]
