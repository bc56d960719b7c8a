#!/bin/sh
# Signs a body as Standard Webhooks 1.0 has it, and sends it. Needs curl and openssl.
#
#   URL=https://…/api/v1/webhooks/… SECRET=whsec_… sh examples/webhook/webhook.sh '{"order": 4711}' [id]
#
# The id names the event: sent again, it starts nothing new. Without one, an id is made.
# Exit code: 0 accepted, 22 refused (the answer says why), another one of curl's when nobody answers.
set -eu

: "${URL:?the url of the webhook}" "${SECRET:?the secret of the webhook}"
BODY=${1:?the body to send}
ID=${2:-"msg_$(openssl rand -hex 16)"}
NOW=$(date +%s)

# The key is what follows whsec_, decoded. openssl takes it in hexadecimal.
KEY=$(printf '%s' "${SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
SIGNATURE=$(printf '%s.%s.%s' "$ID" "$NOW" "$BODY" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)

# The body from standard input, so that one that begins with @ is no file's name.
printf '%s' "$BODY" | curl --silent --show-error --fail-with-body "$URL" --data-binary @- \
  --header 'Content-Type: application/json' \
  --header "webhook-id: $ID" --header "webhook-timestamp: $NOW" --header "webhook-signature: v1,$SIGNATURE"
