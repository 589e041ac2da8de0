"""The Kubernetes target: today it reads, for rehearsals; what writes is not there yet.

A stack is a namespace. Everything is read as raw JSON, by way of discovery; the SDK does the
kubeconfig, the credentials and TLS, and is imported only when a cluster is opened.
"""
