# The sample as an image, for docker-compose.yml. Everything is built from the lockfile; nothing is downloaded at run time.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci --no-audit --no-fund && npm run build && npm prune --omit=dev --no-audit --no-fund

# A stage of its own leaves npm's cache behind.
FROM node:22-bookworm-slim
WORKDIR /app
COPY --from=build /app ./
# A new volume takes over the owner of the folder it is mounted on; without this the application could not write there.
RUN mkdir /data && chown node:node /data
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 CATGA_DATA=/data
VOLUME /data
USER node
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node itself, not npm: it gets the signals.
CMD ["node", "--enable-source-maps", "apps/sample-order/dist/main.js"]
