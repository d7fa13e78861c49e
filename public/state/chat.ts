import { computed } from "@preact/signals";
import {
  type Attachment,
  type Conversation,
  forkAt,
  type Message,
  withBranch,
  withMessage,
  withMessagesOf,
  withoutMessage,
} from "../lib/conversation.ts";
import { newId } from "../lib/id.ts";
import { change, conversations, current, draft, resetDraft, save } from "./conversations.ts";
import { answer, continueAnswer, generations } from "./generation.ts";
import { notify } from "./notices.ts";
import { chosenModel } from "./preferences.ts";
import { chatPath, go, replace } from "./route.ts";
import { status, usableModels } from "./server.ts";

/** The model that answers next: the conversation's own where it can, else the current one. */
export const model = computed<string | null>(() => {
  const usable = usableModels.value.map((one) => one.model_name);
  const wanted = current.value.model;
  if (wanted !== null && usable.includes(wanted)) return wanted;
  return status.value?.model_name ?? usable[0] ?? null;
});

/** The answer being written in the conversation shown. */
export const running = computed(() => generations.value.get(current.value.id) ?? null);

/** Chooses the model for a conversation, if not another for the one shown, and for new ones. */
export function chooseModel(name: string, id = current.value.id): void {
  chosenModel.value = name;
  change(id, (conversation) => ({ ...conversation, model: name }));
  // The next new one is there already.
  draft.value = { ...draft.value, model: name };
}

/** Asks in the conversation shown. @returns whether it was asked */
export function ask(content: string, attachments: Attachment[] = []): boolean {
  if (isNothing(content, attachments)) return false;
  const conversation = current.value;
  const question = makeQuestion(content, attachments, conversation.leaf);
  return send(withMessage(conversation, question), question.id);
}

/** Asks something else in place of a question; the old one stays as a branch. @returns whether it was asked */
export function editQuestion(message: Message, content: string): boolean {
  const { attachments = [], parent } = message;
  if (isNothing(content, attachments)) return false;
  const question = makeQuestion(content, attachments, parent);
  return send(withMessage(current.value, question), question.id);
}

/** Another answer to the same question; the old one stays as a branch. */
export function regenerate(message: Message): boolean {
  return message.parent !== null && send(current.value, message.parent);
}

export function goOn(message: Message): void {
  if (running.value) return;
  const name = model.value;
  if (!name) return tellNoModel();
  void continueAnswer(current.value, message, name);
}

/** Shows the branch that this message is on. */
export const showBranch = (id: string): void => change(current.value.id, (one) => withBranch(one, id));

/** With a way back, as of whole conversations. */
export function deleteMessage(id: string): void {
  const before = current.value;
  change(before.id, (one) => withoutMessage(one, id));
  notify("Deleted from here on.", "info", {
    label: "Undo",
    run: () => change(before.id, (one) => withMessagesOf(one, before)),
  });
}

/** Opens a conversation of its own that goes up to this message. */
export function fork(message: Message): void {
  const copy = forkAt(current.value, message.id, { id: newId(), now: Date.now() });
  save(copy);
  go(chatPath(copy.id));
  notify("This is a branch of its own now; the conversation it came from is unchanged.");
}

/** Begins anew, and keeps what was. */
export function startNew(): void {
  resetDraft();
  go(chatPath(null));
}

const isNothing = (content: string, attachments: Attachment[]): boolean =>
  content.trim() === "" && attachments.length === 0;

/** At most one answer of a conversation is written at a time. */
function send(conversation: Conversation, question: string): boolean {
  if (running.value) return false;
  const name = model.value;
  if (!name) {
    tellNoModel();
    return false;
  }
  const isDraft = conversation.id === draft.value.id && !conversations.value.has(conversation.id);
  void answer(conversation, question, name);
  if (isDraft) {
    replace(chatPath(conversation.id));
    resetDraft();
  }
  return true;
}

function tellNoModel(): void {
  notify("No model is deployed. Deploy one first.", "error", { label: "Models", run: () => go("#/models") });
}

function makeQuestion(content: string, attachments: Attachment[], parent: string | null): Message {
  const question: Message = { id: newId(), parent, role: "user", content, created: Date.now() };
  return attachments.length > 0 ? { ...question, attachments } : question;
}
