/**
 * The steps of one request, each its own class: encode the prompt (template, tokenizer), check the
 * limits, wait for admission, then per answer: place, prefill, decode, detokenize, stop strings.
 * Knows nothing of HTTP and JSON.
 *
 * <pre>
 * attempt: PLACED → PREFILLING → DECODING → FINISHED;  a retryable failure → PLACED with a higher epoch,
 * continuing from prompt + tokens already generated</pre>
 */
@NullMarked
package dev.andante.gateway.pipeline;

import org.jspecify.annotations.NullMarked;
