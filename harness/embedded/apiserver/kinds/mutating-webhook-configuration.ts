import { mutatingWebhookConfigurations } from "../../resources.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { isDnsSubdomain } from "../validation/names.ts";
import { defineKind } from "./kind.ts";

/** MutatingWebhookConfiguration: these webhooks are really called. */
export const mutatingWebhookConfigurationKind = defineKind({
  resource: mutatingWebhookConfigurations,
  singular: "mutatingwebhookconfiguration",
  categories: ["api-extensions"],
  schema: "MutatingWebhookConfiguration",
  generation: "content",
  setDefaults({ webhooks }) {
    for (const webhook of webhooks ?? []) {
      webhook.failurePolicy ??= "Fail";
      webhook.matchPolicy ??= "Equivalent";
      webhook.namespaceSelector ??= {};
      webhook.objectSelector ??= {};
      webhook.reinvocationPolicy ??= "Never";
      webhook.timeoutSeconds ??= 10;
      if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443;
      for (const rule of webhook.rules ?? []) (rule as { scope?: string }).scope ??= "*";
    }
  },
  validate({ webhooks }, errors) {
    for (const [index, webhook] of (webhooks ?? []).entries()) {
      const at = `webhooks[${index}]`;
      if (webhook.name.split(".").length < 3 || !isDnsSubdomain(webhook.name)) {
        const rule = "should be a domain with at least three segments separated by dots";
        errors.invalid(`${at}.name`, webhook.name, rule);
      }
      if (!webhook.clientConfig?.url === !webhook.clientConfig?.service) {
        errors.required(`${at}.clientConfig`, "exactly one of url or service is required");
      }
      if (!webhook.sideEffects) {
        errors.notSupported(`${at}.sideEffects`, "", ["None", "NoneOnDryRun"]);
      }
      if (!webhook.admissionReviewVersions?.includes("v1")) {
        errors.required(`${at}.admissionReviewVersions`, "must specify one of v1, v1beta1");
      }
    }
  },
  columns: [
    nameColumn,
    { name: "Webhooks", type: "integer", cell: ({ webhooks }) => (webhooks ?? []).length },
    ageColumn,
  ],
});
