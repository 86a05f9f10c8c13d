// The code that lets a phone of the same network record: shown as a picture, until it is used or expires.

import { by } from "./dom.js";
import { ask } from "./send.js";
import { t } from "./texts.js";

let asked = { dataset: "", subject: "" };
let fail = () => undefined;

async function renew() {
  try {
    const invitation = await ask("/api/record/invite", { dataset: asked.dataset, subject_id: asked.subject });
    by("phone-code").src = invitation.picture;
    by("phone-code").alt = t("phone_code_alt");
    by("phone-url").textContent = invitation.url;
    by("phone-until").textContent = t("phone_until", { minutes: Math.round(invitation.expires_s / 60), subject: asked.subject });
    by("phone-fingerprint").textContent = invitation.fingerprint;
    if (!by("phone").open) by("phone").showModal();
  } catch (error) {
    by("phone").close();
    fail(error);
  }
}

/** Show a code for a person's phone. */
export async function openPhone(dataset, subject, complain) {
  asked = { dataset, subject };
  fail = complain;
  await renew();
}

by("phone-new").addEventListener("click", renew);
by("phone-close").addEventListener("click", () => by("phone").close());
