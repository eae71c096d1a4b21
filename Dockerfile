# syntax=docker/dockerfile:1

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without scripts: the sources are not there yet, and no dependency needs one.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build-page.js ./scripts/
COPY src ./src
# The types are checked where the sources are tested.
RUN npx tsc -p tsconfig.build.json --noCheck && node scripts/build-page.js

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY config ./config
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# The only folder that the gateway writes to: the registry, and the administrator's credential. 1000 is the user node.
RUN mkdir data && chown 1000:1000 data
VOLUME /app/data
# Defaults for a file that does not set these: docs/operations.md.
ENV TOLLGATE_LISTEN=0.0.0.0:8080 TOLLGATE_ADMIN=127.0.0.1:8081 TOLLGATE_DATA=/app/data
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["node", "-e", "fetch('http://'+(process.env.TOLLGATE_ADMIN??'127.0.0.1:8081')+'/healthz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["start"]
