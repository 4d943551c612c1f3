package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// tlsFiles are the names of PEM files.
type tlsFiles struct{ CA, Cert, Key string }

// secureNodes completes the TLS settings of the rediss:// nodes.
func (c *quorumConfig) secureNodes(nodes []*tls.Config) error {
	return secure("node", tlsFiles{CA: c.NodeTLSCA, Cert: c.NodeTLSCert, Key: c.NodeTLSKey}, nodes)
}

// secure completes the TLS settings of rediss:// urls; flag is the name of the
// flag they are from, and the beginning of those of the files. The files are
// not read for each connection: one that is replaced by a bad one should be noticed
// by who starts or reloads the proxy, and not in the night.
func secure(flag string, f tlsFiles, urls []*tls.Config) error {
	if f.CA+f.Cert == "" {
		return nil
	}
	if len(urls) == 0 {
		return usageError(fmt.Sprintf("--%[1]s-tls-ca and --%[1]s-tls-cert: of no use without a --%[1]s that begins with rediss://", flag))
	}
	var ca *x509.CertPool
	var certificates []tls.Certificate
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		if err != nil {
			return usageError(fmt.Sprintf("--%s-tls-ca: %v", flag, err))
		}
		ca = x509.NewCertPool()
		if !ca.AppendCertsFromPEM(pem) {
			return usageError(fmt.Sprintf("--%s-tls-ca=%s: no PEM certificate in it", flag, f.CA))
		}
	}
	if f.Cert != "" {
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return usageError(fmt.Sprintf("--%[1]s-tls-cert=%[2]s --%[1]s-tls-key=%[3]s: %[4]v", flag, f.Cert, f.Key, err))
		}
		certificates = []tls.Certificate{pair}
	}
	for _, u := range urls {
		u.RootCAs, u.Certificates = ca, certificates
	}
	return nil
}
