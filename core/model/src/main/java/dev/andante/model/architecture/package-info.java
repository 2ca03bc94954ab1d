/**
 * One class per family of models: which weights it has and how its blocks are composed. An
 * architecture does not know which file format it is read from.
 */
@NullMarked
package dev.andante.model.architecture;

import org.jspecify.annotations.NullMarked;
