// Upstream's preStop command ends nginx gently and waits for it. The stand-in does so at SIGTERM, which
// the kubelet sends next: there is nothing to wait for here.
process.exitCode = 0;
