/**
 * HTTP, JSON and server-sent events as OpenAI's clients expect them. Parsing is by hand over a JSON
 * tree, so that each error names its field and the field's limits.
 */
@NullMarked
package dev.andante.gateway.api;

import org.jspecify.annotations.NullMarked;
