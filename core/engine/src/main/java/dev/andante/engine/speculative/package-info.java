/**
 * Guessing ahead: {@link dev.andante.engine.speculative.PromptLookup} finds guesses in the text
 * itself and depends on nothing of the engine; {@link
 * dev.andante.engine.speculative.PromptLookupDrafts} offers them as a {@link
 * dev.andante.engine.DraftSource}. Verification is the engine's: each guess is compared with the
 * token that would have been sampled anyway, the exact rule for deterministic drafts.
 */
@NullMarked
package dev.andante.engine.speculative;

import org.jspecify.annotations.NullMarked;
