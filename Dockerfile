# The sample as an image, for docker-compose.yml. Everything is built from the lockfile; nothing is downloaded at run time.
FROM node:22-bookworm-slim
WORKDIR /app
COPY . .
RUN npm ci --no-audit --no-fund && npm run build && npm prune --omit=dev --no-audit --no-fund
ENV NODE_ENV=production HOST=0.0.0.0 CATGA_DATA=/data
VOLUME /data
USER node
EXPOSE 3000
# Node itself, not npm: it gets the signals.
CMD ["node", "--enable-source-maps", "apps/sample-order/dist/main.js"]
