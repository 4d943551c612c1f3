# The proxy and nothing else. docker build -t redlock-proxy .
# On the machine that builds, for the one that runs it (--platform).
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY . .
# BuildKit's, which a default here would take the place of; a builder that does not
# set them builds for itself.
ARG TARGETOS TARGETARCH
# The same as what is given away: see .ci/dist.sh.
RUN PLATFORMS="${TARGETOS:-$(go env GOOS)}/${TARGETARCH:-$(go env GOARCH)}" DIST=/dist make dist && mv /dist/redlock-proxy-* /redlock-proxy

FROM scratch
# For nodes with certificates of public authorities.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /redlock-proxy /redlock-proxy
USER 65534:65534
# All addresses of the container: it then asks for a password, users or client
# certificates, or --protected-mode=no where the network keeps strangers out.
ENV REDLOCK_LISTEN=0.0.0.0:7379
EXPOSE 7379
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/redlock-proxy", "ping"]
ENTRYPOINT ["/redlock-proxy"]
CMD ["serve"]
