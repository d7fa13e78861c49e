# Berth in a container: `docker build -t berth .`, or with CUDA, for which the base needs libcudart and libcublas:
# docker build -t berth:cuda --build-arg ENGINE=cuda --build-arg BASE=nvidia/cuda:13.0.1-runtime-ubuntu24.04 .
ARG BUN_IMAGE=oven/bun:1.4.5-slim
ARG BASE=${BUN_IMAGE}

FROM ${BUN_IMAGE} AS bun

# Any base with glibc 2.34 and the libstdc++ of GCC 12 will do, such as Debian 12 and Ubuntu 22.04.
FROM ${BASE} AS system
COPY --from=bun /usr/local/bin/bun /usr/local/bin/bun
WORKDIR /app

# Packages by themselves, so that a change of the code does not install them again. This runs on the base of
# the server, whose CUDA version decides which engine packages are taken.
FROM system AS packages
ARG ENGINE=cpu
COPY package.json bun.lock bunfig.toml ./
COPY src/setup src/setup
# The sources of llama.cpp, 34 MB, are for machines that build their own engine.
RUN BERTH_ENGINE=${ENGINE} bun -e 'import { setUp } from "./src/setup/set-up.ts"; await setUp({ development: false });' \
  && rm -f node_modules/node-llama-cpp/llama/gitRelease.bundle

FROM system
RUN useradd --uid 1001 --create-home berth && mkdir -p /data/models && chown -R berth /data
COPY --from=packages /app/node_modules node_modules
COPY . .
USER berth
# The container's own network is the border here; publish the port on 127.0.0.1 unless others may use it.
ENV API_HOST=0.0.0.0 API_PORT=8000 BERTH_HOME=/data NODE_ENV=production
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
  CMD ["bun", "-e", "process.env.NO_PROXY = process.env.no_proxy = '127.0.0.1'; process.exit((await fetch(`http://127.0.0.1:${process.env.API_PORT}/health`)).ok ? 0 : 1)"]
# Without a launcher in between, so that SIGTERM reaches the server; `docker run berth check` is another verb.
ENTRYPOINT ["bun", "src/main.ts"]
CMD ["serve"]
