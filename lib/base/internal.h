/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mark of what libiommud exports for backends in a library of their own, as libiommud-sim.
 *
 * Such a library derives from IommudBackend, offers an IommudProbe and uses the error domain: types
 * that must be there once in a process. What is marked is no public interface. It has no header
 * that is installed and changes from release to release, so both libraries must be of one version.
 */
#pragma once

#define IOMMUD_INTERNAL __attribute__ ((visibility ("default")))
