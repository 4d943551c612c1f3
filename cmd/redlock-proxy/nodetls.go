package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// secureNodes completes the TLS settings of the rediss:// nodes. The files are
// read once: connections to nodes are made at any time, and a file that is
// replaced by a bad one should be noticed by a restart and not in the night.
func (c *quorumConfig) secureNodes(nodes []*tls.Config) error {
	if c.NodeTLSCA+c.NodeTLSCert == "" {
		return nil
	}
	if len(nodes) == 0 {
		return usageError("--node-tls-ca and --node-tls-cert: of no use without a --node that begins with rediss://")
	}
	var ca *x509.CertPool
	var certificates []tls.Certificate
	if c.NodeTLSCA != "" {
		pem, err := os.ReadFile(c.NodeTLSCA)
		if err != nil {
			return usageError(fmt.Sprintf("--node-tls-ca: %v", err))
		}
		ca = x509.NewCertPool()
		if !ca.AppendCertsFromPEM(pem) {
			return usageError(fmt.Sprintf("--node-tls-ca=%s: no PEM certificate in it", c.NodeTLSCA))
		}
	}
	if c.NodeTLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.NodeTLSCert, c.NodeTLSKey)
		if err != nil {
			return usageError(fmt.Sprintf("--node-tls-cert=%s --node-tls-key=%s: %v", c.NodeTLSCert, c.NodeTLSKey, err))
		}
		certificates = []tls.Certificate{pair}
	}
	for _, n := range nodes {
		n.RootCAs, n.Certificates = ca, certificates
	}
	return nil
}
