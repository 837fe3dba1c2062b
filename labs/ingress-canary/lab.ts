import { lab } from "../../harness/index.ts";

lab(
  "ingress-canary",
  {
    tutorial: "k8s-combat › Ingress",
    addons: ["ingress-nginx"],
    shows: {
      en: "A canary at the edge: one request in ten to v2 by weight, and all of a tester's by a header.",
      zh: "入口处的灰度：按权重把十分之一的请求送到 v2，并用请求头让测试者全部到 v2。",
    },
    before: {
      en: "You will put a second Ingress beside the first one, for the same host, and let it take a part of the requests.",
      zh: "你将在第一个 Ingress 旁为同一域名再放一个，让它分走一部分请求。",
    },
    after: {
      en: "An Ingress has no field for weights, so ingress-nginx reads them from annotations of a second Ingress. It asks the header first: always and never decide, anything else falls through to the weight. Annotations belong to one controller; another one ignores them. The Gateway API has weights and header matches of its own, and ingress-nginx is no longer developed: new work starts there.",
      zh: "Ingress 没有权重字段，所以 ingress-nginx 从第二个 Ingress 的注解中读取。它先看请求头：always 和 never 直接决定，其他值再按权重。注解只属于某个控制器，换一个就不认识。Gateway API 自带权重与请求头匹配，而 ingress-nginx 已停止开发：新的工作应从 Gateway API 开始。",
    },
  },
  ({ step, apply, ready, from, outside, expect, sabotage }) => {
    const visit = (headers: Readonly<Record<string, string>> = {}) =>
      from(outside).get("http://www.service1.io/", {
        through: "ingress-nginx-controller.ingress-nginx",
        headers,
      });

    step(
      {
        title: { en: "Publish version 1", zh: "发布 v1" },
        why: {
          en: "This is what users have today: one host, one Service.",
          zh: "这是用户现在看到的：一个域名，一个 Service。",
        },
        look: { en: "Every answer comes from v1.", zh: "所有回答都来自 v1。" },
      },
      async () => {
        await apply("v1.yaml", "ingress.yaml");
        await ready("deployment/k8s-combat-service");
        await expect(visit()).toReachOnly("v1", { times: 200 });
      },
    );

    step(
      {
        title: { en: "Deploy version 2 unseen", zh: "部署 v2，但不对外" },
        why: {
          en: "v2 has a Service of its own. No rule leads there, so no user meets it.",
          zh: "v2 有自己的 Service。没有规则通向它，所以没有用户会遇到它。",
        },
        look: { en: "Still every answer comes from v1.", zh: "所有回答仍来自 v1。" },
      },
      async () => {
        await apply("v2.yaml");
        await ready("deployment/k8s-combat-service-2");
        await expect(visit()).toReachOnly("v1", { times: 200 });
      },
    );

    step(
      {
        title: { en: "Send one request in ten to v2", zh: "把十分之一的请求送到 v2" },
        why: {
          en: "canary: true marks the second Ingress as an addition to the first; canary-weight: 10 is its share in percent. Each request is drawn by itself.",
          zh: "canary: true 表示第二个 Ingress 是对第一个的补充；canary-weight: 10 是它的百分比。每个请求独立抽取。",
        },
        look: { en: "About 10 % of the answers come from v2.", zh: "约 10 % 的回答来自 v2。" },
      },
      async () => {
        await apply("canary-by-weight.yaml");
        await expect(visit()).toSplit({ v1: 90, v2: 10 });
      },
    );

    step(
      {
        title: { en: "Let a header decide", zh: "由请求头决定" },
        why: {
          en: "canary-by-header names a header. A tester sets it to always and meets v2 each time; never keeps a user away from it.",
          zh: "canary-by-header 指定一个请求头。测试者设为 always，每次都到 v2；设为 never 则永不到 v2。",
        },
        look: {
          en: "Not one request goes to the other version.",
          zh: "没有一个请求到另一个版本。",
        },
      },
      async () => {
        await apply("canary-by-header.yaml");
        await expect(visit({ canary: "always" })).toReachOnly("v2", { times: 500 });
        await expect(visit({ canary: "never" })).toReachOnly("v1", { times: 500 });
      },
    );

    step(
      {
        title: { en: "Without the header the weight holds", zh: "没有请求头时仍按权重" },
        why: {
          en: "The header comes before the weight and does not replace it: any other value, or none, is drawn by weight.",
          zh: "请求头优先于权重，但不取代它：其他值或没有该请求头时，按权重抽取。",
        },
        look: { en: "Again about 10 % from v2.", zh: "又是约 10 % 来自 v2。" },
      },
      async () => {
        await expect(visit()).toSplit({ v1: 90, v2: 10 });
        await expect(visit({ canary: "perhaps" })).toSplit({ v1: 90, v2: 10 });
      },
    );

    const weight = 'metadata.annotations["nginx.ingress.kubernetes.io/canary-weight"]';
    sabotage(
      { en: "the weight is 50", zh: "权重为 50" },
      {
        in: "canary-by-weight.yaml",
        change: { [weight]: "50" },
        fails: "Send one request in ten to v2",
        check: "toSplit",
      },
    );
    sabotage(
      { en: "the second Ingress is no canary", zh: "第二个 Ingress 不是 canary" },
      {
        in: "canary-by-weight.yaml",
        change: { 'metadata.annotations["nginx.ingress.kubernetes.io/canary"]': "false" },
        fails: "Send one request in ten to v2",
        check: "toSplit",
      },
    );
    sabotage(
      { en: "another header decides", zh: "由另一个请求头决定" },
      {
        in: "canary-by-header.yaml",
        change: {
          'metadata.annotations["nginx.ingress.kubernetes.io/canary-by-header"]': "tester",
        },
        fails: "Let a header decide",
        check: "toReachOnly",
      },
    );
    sabotage(
      { en: "the header's rule has no weight", zh: "请求头规则没有权重" },
      {
        in: "canary-by-header.yaml",
        remove: weight,
        fails: "Without the header the weight holds",
        check: "toSplit",
      },
    );
  },
);
