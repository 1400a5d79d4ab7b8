# The server as a container: docs/how-to/run-the-container.md. Everything of the build stays in its own stage.
FROM node:24.11.1-trixie-slim@sha256:4623e8ac1eb5f35b0a91b85424283c1b97a416a77375dfa6a2e9bfb0b2c351c9 AS base

FROM base AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY tools/build-apps.mjs tools/build-server.mjs tools/bundle.mjs tools/
COPY apps apps
COPY src src
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM base
LABEL io.modelcontextprotocol.server.name="io.github.zava/zava-mcp-server" \
      org.opencontainers.image.title="zava-mcp-server" \
      org.opencontainers.image.licenses="MIT"

# pg_dump of PostgreSQL 17 for backups, from Debian 13 itself; npm and its like have no use in a running server.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17 ca-certificates \
    && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* \
    && groupadd --gid 10001 mcpserver \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin mcpserver

# Owned by root: the process cannot change its own code. The root file system may be read-only; only /tmp is written to.
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json README.md LICENSE THIRD_PARTY_NOTICES.md ./
COPY data data
COPY migrations migrations
COPY deploy deploy
RUN ln -s /app/dist/main.js /usr/local/bin/zava-mcp-server && chmod 755 dist/main.js

ENV NODE_ENV=production \
    ENVIRONMENT=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/tmp/zava
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=15s --retries=3 CMD ["zava-mcp-server", "health", "--quiet"]
ENTRYPOINT ["zava-mcp-server"]
CMD ["serve", "--transport", "http"]
