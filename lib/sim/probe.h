/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Discovery on a simulated host: what libudev is to a real one. */
#pragma once

#include "sim/kernel.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_SIMULATED_PROBE (iommud_simulated_probe_get_type ())
G_DECLARE_FINAL_TYPE (IommudSimulatedProbe, iommud_simulated_probe, IOMMUD, SIMULATED_PROBE,
                      GObject)

IommudProbe *iommud_simulated_probe_new (IommudSimulatedKernel *kernel);

G_END_DECLS
