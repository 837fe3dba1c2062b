import { mutatingWebhookConfigurations } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** MutatingWebhookConfiguration. */
export const mutatingWebhookConfigurationKind = defineKind({
  resource: mutatingWebhookConfigurations,
  singular: "mutatingwebhookconfiguration",
  categories: ["api-extensions"],
  schema: "MutatingWebhookConfiguration",
});
