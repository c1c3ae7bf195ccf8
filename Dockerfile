# `sluice serve`: the bundled command line on Node, and nothing else.
FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:24-slim
ENV NODE_ENV=production NODE_OPTIONS=--disable-warning=ExperimentalWarning
COPY --from=build /src/dist/cli /opt/sluice
COPY --from=build /src/LICENSE /opt/sluice/
RUN ln -s /opt/sluice/sluice.mjs /usr/local/bin/sluice && install -d -o node -g node /var/lib/sluice
USER node
WORKDIR /var/lib/sluice
ENV XDG_STATE_HOME=/var/lib
VOLUME /var/lib/sluice
EXPOSE 8000
# Answers 200 while the process does; without a credential in the environment it refuses to listen for others.
HEALTHCHECK CMD ["node", "-e", "fetch('http://127.0.0.1:8000/health').then(({ok})=>process.exit(ok?0:1),()=>process.exit(1))"]
ENTRYPOINT ["sluice"]
CMD ["serve", "--host", "0.0.0.0"]
