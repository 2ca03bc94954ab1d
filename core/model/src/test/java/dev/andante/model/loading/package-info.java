/** Tests of configurations and of loading. */
@NullMarked
package dev.andante.model.loading;

import org.jspecify.annotations.NullMarked;
