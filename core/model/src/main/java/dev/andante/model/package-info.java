/**
 * A loaded language model as the engine sees it: {@link dev.andante.model.LanguageModel}, its
 * configuration and its scratch memory. Knows nothing of requests, services or the wire.
 *
 * <p>Below it, each package using those named before it only: {@code weights} finds parameters by
 * name and checks that a file holds exactly what a model needs; {@code experts} runs experts here
 * or elsewhere; {@code layers} are the pieces that models are made of; {@code architecture}
 * composes them; {@code loading} reads configurations and opens models; {@code dummy} makes small
 * models with random weights.
 *
 * <p>Threads: everything but a {@link dev.andante.model.Workspace} is shared by all threads.
 */
@NullMarked
package dev.andante.model;

import org.jspecify.annotations.NullMarked;
