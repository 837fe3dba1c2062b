import { lab } from "../../harness/index.ts";

const requests = 300;

lab(
  "metrics",
  {
    tutorial: "k8s-combat › observability",
    shows: {
      en: "Each pod counts its own requests; the app's number is the sum over all of them.",
      zh: "每个 Pod 只统计自己的请求；应用的数字是所有 Pod 之和。",
    },
    before: {
      en: "You will scrape the counter of every pod as Prometheus does, send 300 requests through the Service, and scrape again.",
      zh: "你将像 Prometheus 那样抓取每个 Pod 的计数器，通过 Service 发送 300 个请求，再抓取一次。",
    },
    after: {
      en: "A scraper asks pods by their own addresses, never through the Service, which would answer from one pod at random. A target that is missing looks like a drop in traffic: an error you see only when you compare with what was sent.",
      zh: "抓取方按 Pod 自己的地址提问，从不经过 Service，否则每次由随机一个 Pod 回答。漏掉一个目标看起来就像流量下降：只有与实际发送量比较才能发现。",
    },
  },
  ({ step, apply, ready, from, ask, expect, kube, sabotage }) => {
    const caller = from("deployment/k8s-combat");

    /** The pods that say in their annotations that they want to be scraped, with where. */
    const targets = async () => {
      const pods = await kube.list("pods", { labels: "app=k8s-combat-service" });
      return pods
        .filter(({ metadata }) => metadata?.annotations?.["prometheus.io/scrape"] === "true")
        .map(({ metadata, status }) => {
          const { "prometheus.io/port": port, "prometheus.io/path": path } =
            metadata?.annotations ?? {};
          return { pod: metadata?.name ?? "", address: status?.podIP, port, path };
        });
    };
    /** http_requests_total of every target, over all its labels. */
    const scrape = async () => {
      const counts = new Map<string, number>();
      for (const { pod, address, port, path } of await targets()) {
        const { body } = await ask(caller.get(`http://${address}:${port}${path}`));
        const values = [...body.matchAll(/^http_requests_total\{.*\} (\d+)$/gm)].map(([, value]) =>
          Number(value),
        );
        counts.set(
          pod,
          values.reduce((sum, value) => sum + value, 0),
        );
      }
      return counts;
    };
    const sumOf = (counts: ReadonlyMap<string, number>) =>
      [...counts.values()].reduce((sum, count) => sum + count, 0);
    let before: ReadonlyMap<string, number> = new Map();

    step(
      {
        title: { en: "Deploy three pods that can be scraped", zh: "部署三个可抓取的 Pod" },
        why: {
          en: "Two pods of v1 and one of v2 stand behind one Service. Their annotations tell a scraper where the metrics are.",
          zh: "两个 v1 与一个 v2 的 Pod 在同一个 Service 之后。它们的注解告诉抓取方指标在哪里。",
        },
        look: {
          en: "/metrics is plain text, one line a counter and set of labels.",
          zh: "/metrics 是纯文本，每个计数器与标签组合一行。",
        },
      },
      async () => {
        await apply("caller.yaml", "service.yaml");
        const versions = ["v1", "v2"].map((v) => `deployment/k8s-combat-service-${v}`);
        await ready("deployment/k8s-combat", ...versions);
        await expect(caller.get("http://k8s-combat-service:8081/")).toBalance();
      },
    );

    step(
      {
        title: { en: "Send 300 requests", zh: "发送 300 个请求" },
        why: {
          en: "The counters are read before and after: a counter only means something by how much it rose.",
          zh: "发送前后各读一次计数器：计数器的意义只在于它上升了多少。",
        },
      },
      async () => {
        before = await scrape();
        await expect(caller.get("http://k8s-combat-service:8081/")).toAnswer(
          { status: 200 },
          { times: requests, converge: false },
        );
      },
    );

    step(
      {
        title: { en: "Add up the counters", zh: "把计数器加起来" },
        why: {
          en: "Probes and scrapes are not counted by the app, so the difference of the two sums is exact. In PromQL, sum(increase(http_requests_total[1m])) asks for the same and gives an estimate, for it extrapolates between scrapes.",
          zh: "应用不统计探测与抓取，所以前后两个总和之差是精确的。PromQL 的 sum(increase(http_requests_total[1m])) 问的是同一件事，但它在两次抓取之间外推，给出的是估计值。",
        },
        look: {
          en: "The sum rose by exactly 300, and every pod had its part in it.",
          zh: "总和恰好上升 300，每个 Pod 都有份。",
        },
      },
      async () => {
        const after = await scrape();
        expect(sumOf(after) - sumOf(before), { en: "rise of the sum", zh: "总和的增量" }).toBe(
          requests,
        );
        const idle = [...after].filter(([pod, count]) => count === before.get(pod));
        expect(idle, { en: "pods whose counter stayed", zh: "计数没有变化的 Pod" }).toEqual([]);
        expect(after.size, { en: "pods scraped", zh: "抓取到的 Pod 数" }).toBe(3);
      },
    );

    sabotage(
      { en: "one pod is not scraped", zh: "有一个 Pod 没有被抓取" },
      {
        in: "service.yaml",
        object: "Deployment/k8s-combat-service-v2",
        change: { 'spec.template.metadata.annotations["prometheus.io/scrape"]': "false" },
        fails: "Add up the counters",
        because: "rise of the sum",
      },
    );
    sabotage(
      { en: "one pod is scraped at another's port", zh: "有一个 Pod 的抓取端口写错" },
      {
        in: "service.yaml",
        object: "Deployment/k8s-combat-service-v2",
        change: { 'spec.template.metadata.annotations["prometheus.io/port"]': "8082" },
        fails: "Send 300 requests",
      },
    );
  },
);
