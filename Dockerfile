# syntax=docker/dockerfile:1
# The build steps are the Makefile's own (`make web`, `make build`), so that the tests exercise them without Docker.

FROM node:20-bookworm AS web
WORKDIR /build
COPY Makefile ./
COPY web web
RUN make web

FROM rust:1.95-bookworm AS engine
WORKDIR /build
COPY . .
# The pages are newer than their sources here, so that make has nothing to do for them and needs no Node.js.
COPY --from=web /build/web/node_modules/.package-lock.json web/node_modules/.package-lock.json
COPY --from=web /build/web/dist web/dist
RUN find web/node_modules web/dist -exec touch {} + && make build

FROM debian:bookworm-slim
# Certificates for rtmps:// destinations; the file is copied, so that nothing is installed in the image that runs.
COPY --from=engine /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=engine /build/target/release/gostream /usr/local/bin/gostream
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin gostream \
    && install -d -o gostream -g gostream /data
USER gostream
WORKDIR /data
VOLUME /data

# In a container 127.0.0.1 is nobody's: metrics listen on every address, and publishing the port is the operator's choice.
ENV GOSTREAM_DATA_DIR=/data \
    GOSTREAM_METRICS__LISTEN=:9090 \
    HEALTH_PORT=8080
EXPOSE 1935 8080 9090

# bash is essential on Debian and speaks TCP, so the image needs no HTTP client to ask /livez.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$HEALTH_PORT && printf 'GET /livez HTTP/1.0\\r\\n\\r\\n' >&3 && read -r answer <&3 && [[ $answer == *' 200 '* ]]"]

# SIGTERM (Docker's own signal) drains: give `docker stop` at least drain_timeout.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/gostream"]
CMD ["serve"]
