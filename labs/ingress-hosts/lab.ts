import { lab } from "../../harness/index.ts";

lab(
  "ingress-hosts",
  {
    tutorial: "k8s-combat › Ingress",
    addons: ["ingress-nginx"],
    shows: {
      en: "One way in for two hosts: each host name leads to a Service of its own.",
      zh: "两个域名共用一个入口：每个域名通向自己的 Service。",
    },
    before: {
      en: "You will run the app twice under two names and let the host name of a request decide which of them answers.",
      zh: "你将以两个名字运行同一个应用，由请求的域名决定由谁回答。",
    },
    after: {
      en: "The Ingress is only a rule; the controller is what carries it out. It looks at the Host header, takes the Service of the rule that names it, and sends the request to that Service's pods in turn. A host that no rule names gets the controller's own 404. The curl way to do this by hand: curl -H 'Host: www.service1.io' http://ADDRESS/",
      zh: "Ingress 只是规则，执行规则的是控制器。它查看 Host 头，找到写着该域名的规则，把请求轮流发给对应 Service 的 Pod。没有规则的域名得到控制器自己的 404。手动操作：curl -H 'Host: www.service1.io' http://地址/",
    },
  },
  ({ step, apply, ready, from, outside, expect, sabotage }) => {
    const visit = (host: string) =>
      from(outside).get(`http://${host}/`, { through: "ingress-nginx-controller.ingress-nginx" });

    step(
      {
        title: { en: "Deploy two Services of two pods each", zh: "部署两个 Service，各有两个 Pod" },
        why: {
          en: "k8s-combat-service-2 is the same app under another name, so that there is something to choose between.",
          zh: "k8s-combat-service-2 是同一个应用换了名字，这样才有可选择的对象。",
        },
        look: { en: "Four pods are ready.", zh: "四个 Pod 就绪。" },
      },
      async () => {
        await apply("service.yaml", "service-2.yaml");
        await ready("deployment/k8s-combat-service", "deployment/k8s-combat-service-2");
      },
    );

    step(
      {
        title: { en: "Give each host its Service", zh: "为每个域名指定 Service" },
        why: {
          en: "An Ingress of the class nginx is read by the ingress-nginx controller, whose own Service is the one that is reached from outside.",
          zh: "class 为 nginx 的 Ingress 由 ingress-nginx 控制器读取；从外部能到达的是控制器自己的 Service。",
        },
        look: {
          en: "kubectl describe ingress lists each host with the addresses of its pods.",
          zh: "kubectl describe ingress 列出每个域名及其 Pod 的地址。",
        },
      },
      async () => {
        await apply("ingress.yaml");
      },
    );

    step(
      {
        title: { en: "Visit the first host", zh: "访问第一个域名" },
        why: {
          en: "The app answers the name of its pod, so the answers tell where each request went.",
          zh: "应用回答自己的 Pod 名，因此从回答就能知道每个请求去了哪里。",
        },
        look: {
          en: "Two pod names of k8s-combat-service in equal parts, and no other name.",
          zh: "k8s-combat-service 的两个 Pod 名各占一半，没有别的名字。",
        },
      },
      async () => {
        await expect(visit("www.service1.io")).toBalance({ over: "service/k8s-combat-service" });
      },
    );

    step(
      {
        title: { en: "Visit the second host", zh: "访问第二个域名" },
        why: {
          en: "Same address, same port: only the Host header differs.",
          zh: "地址和端口都相同：不同的只有 Host 头。",
        },
        look: {
          en: "Now the two pods of k8s-combat-service-2 answer.",
          zh: "现在由 k8s-combat-service-2 的两个 Pod 回答。",
        },
      },
      async () => {
        await expect(visit("www.service2.io")).toBalance({ over: "service/k8s-combat-service-2" });
      },
    );

    step(
      {
        title: { en: "Visit a host that no rule names", zh: "访问没有规则的域名" },
        why: {
          en: "www.service3.io leads to the same controller, which has no rule for it.",
          zh: "www.service3.io 同样到达控制器，但没有它的规则。",
        },
        look: {
          en: "404 Not Found, from nginx and not from an app.",
          zh: "404 Not Found，来自 nginx 而不是应用。",
        },
      },
      async () => {
        await expect(visit("www.service3.io")).toAnswer(
          { status: 404, body: /<h1>404 Not Found<\/h1>[^]*nginx/ },
          { ruleless: true },
        );
      },
    );

    sabotage(
      { en: "the hosts are swapped", zh: "域名互换" },
      {
        in: "ingress.yaml",
        swap: ["spec.rules[0].host", "spec.rules[1].host"],
        fails: "Visit the first host",
        check: "toBalance",
      },
    );
    sabotage(
      { en: "both hosts lead to the first Service", zh: "两个域名都通向第一个 Service" },
      {
        in: "ingress.yaml",
        change: { "spec.rules[1].http.paths[0].backend.service.name": "k8s-combat-service" },
        fails: "Visit the second host",
        check: "toBalance",
      },
    );
    sabotage(
      { en: "a rule names the third host too", zh: "还有一条规则写了第三个域名" },
      {
        in: "ingress.yaml",
        add: {
          "spec.rules[2]": {
            host: "www.service3.io",
            http: {
              paths: [
                {
                  path: "/",
                  pathType: "Prefix",
                  backend: { service: { name: "k8s-combat-service", port: { number: 8081 } } },
                },
              ],
            },
          },
        },
        fails: "Visit a host that no rule names",
        check: "toAnswer",
      },
    );
  },
);
