import { lab } from "../../harness/index.ts";

lab(
  "ingress-path",
  {
    tutorial: "k8s-app-monitor › publish",
    addons: ["ingress-nginx"],
    shows: {
      en: "Publish one page of an app under a path of a host.",
      zh: "把应用的一个页面发布到某个域名的路径下。",
    },
    before: {
      en: "You will open a chart in the browser's place: an agent draws it from what another service measures at that moment.",
      zh: "你将代替浏览器打开一张图表：agent 根据另一个服务此刻的测量值绘制它。",
    },
    after: {
      en: "The rule has a host and a path. pathType Prefix compares whole parts of the path, so /k8s-app-monitor-agent and all below it belong to the agent, and a longer word does not. Everything else on that host is the controller's 404. To see the page in a browser, add the host to your hosts file.",
      zh: "规则由域名和路径组成。pathType 为 Prefix 时按路径的整段比较：/k8s-app-monitor-agent 及其下属路径归 agent，更长的单词则不算。该域名下的其他路径由控制器回答 404。要在浏览器中查看页面，请把域名写入 hosts 文件。",
    },
  },
  ({ step, apply, ready, from, outside, expect, ask, sabotage }) => {
    const open = (path: string) =>
      from(outside).get(`http://k8s-app-monitor-agent.jimmysong.io${path}`, {
        through: "ingress-nginx-controller.ingress-nginx",
      });
    const chart = open("/k8s-app-monitor-agent");

    step(
      {
        title: { en: "Deploy the two services", zh: "部署两个服务" },
        why: {
          en: "k8s-app-monitor-test answers measurements as JSON; k8s-app-monitor-agent finds it by the name in SERVICE_NAME.",
          zh: "k8s-app-monitor-test 以 JSON 回答测量值；k8s-app-monitor-agent 通过 SERVICE_NAME 中的名字找到它。",
        },
        look: {
          en: "Both are ready, and neither can be reached from outside.",
          zh: "两者都已就绪，但都不能从外部访问。",
        },
      },
      async () => {
        await apply("test.yaml", "agent.yaml");
        await ready("deployment/k8s-app-monitor-test", "deployment/k8s-app-monitor-agent");
      },
    );

    step(
      {
        title: { en: "Publish the agent", zh: "发布 agent" },
        why: {
          en: "The path is passed on as it is, and the agent serves its page at that very path: nothing needs to be rewritten.",
          zh: "路径原样传递，而 agent 正是在这个路径提供页面：不需要改写。",
        },
        look: { en: "The page holds a chart.", zh: "页面中有一张图表。" },
      },
      async () => {
        await apply("ingress.yaml");
        await expect(chart).toAnswer({
          status: 200,
          app: "monitor-agent",
          headers: { "content-type": /^text\/html/ },
          body: /<svg [^>]*data-sample="\d+"/,
        });
      },
    );

    step(
      {
        title: { en: "Compare the chart with the measurements", zh: "将图表与测量值比较" },
        why: {
          en: "The agent asks anew for every page, so a page loaded again shows another measurement.",
          zh: "agent 每次都重新询问，所以刷新页面会看到新的测量值。",
        },
        look: {
          en: "Each bar is as high as the number that the test service gives for this sample.",
          zh: "每根柱子的高度都等于 test 服务在该次采样中给出的数字。",
        },
      },
      async () => {
        const { body: page } = await ask(chart);
        const drawn = barsOf(page);
        const { sample } = drawn;
        const measured = await ask(
          from("deployment/k8s-app-monitor-agent").get(
            `http://k8s-app-monitor-test:3000/metrics?sample=${sample}`,
          ),
        );
        expect(JSON.parse(measured.body), {
          en: "what the test service measured",
          zh: "测试服务测得的数据",
        }).toEqual(drawn);

        const { body: again } = await ask(chart);
        expect(barsOf(again).sample, {
          en: "the sample after loading again",
          zh: "重新加载后的样本序号",
        }).toBeGreaterThan(sample);
      },
    );

    step(
      {
        title: { en: "Leave the path", zh: "离开这个路径" },
        why: {
          en: "Only what the rule names is published, not all that the agent serves.",
          zh: "只有规则写明的部分被发布，而不是 agent 的全部。",
        },
        look: {
          en: "404 from the controller at the root, at the agent's health page, and at a path that only begins with the same letters.",
          zh: "根路径、agent 的健康检查页，以及仅仅开头字母相同的路径，都由控制器回答 404。",
        },
      },
      async () => {
        for (const path of ["/", "/healthz", "/k8s-app-monitor-agent2"])
          await expect(open(path)).toAnswer({ status: 404, body: /nginx/ }, { ruleless: true });
      },
    );

    sabotage(
      { en: "the path is wrong", zh: "路径写错" },
      {
        in: "ingress.yaml",
        change: { "spec.rules[0].http.paths[0].path": "/k8s-app-monitor" },
        fails: "Publish the agent",
        check: "toAnswer",
      },
    );
    sabotage(
      { en: "the whole host is published", zh: "发布了整个域名" },
      {
        in: "ingress.yaml",
        change: { "spec.rules[0].http.paths[0].path": "/" },
        fails: "Leave the path",
        check: "toAnswer",
      },
    );
    sabotage(
      { en: "the agent asks a service that does not exist", zh: "agent 询问一个不存在的服务" },
      {
        in: "agent.yaml",
        object: "Deployment/k8s-app-monitor-agent",
        change: { "spec.template.spec.containers[0].env[0].value": "k8s-app-monitor-tset" },
        fails: "Publish the agent",
        check: "toAnswer",
      },
    );
  },
);

/** What the page draws: the bars carry their numbers. */
function barsOf(page: string) {
  const bars = page.matchAll(/data-metric="(\w+)" data-percent="(\d+)"/g);
  return {
    sample: Number(/data-sample="(\d+)"/.exec(page)?.[1]),
    metrics: [...bars].map(([, name, percent]) => ({ name, percent: Number(percent) })),
  };
}
